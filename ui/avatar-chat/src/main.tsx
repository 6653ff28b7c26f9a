import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ErrorBoundary } from './components/ErrorBoundary'
import { Pages } from './components/Pages'
import { SignInGate } from './components/SignIn'
import { ServicesContext } from './hooks/useServices'
import './index.css'
import { Chat } from './services/chat'
import { PreferenceStore } from './services/preferences'
import { Router } from './services/route'

const root = document.getElementById('root')
if (!root) throw new Error('expected an element with the id "root"')
const services = { chat: new Chat(), preferences: new PreferenceStore() }
const router = new Router()
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <ServicesContext.Provider value={services}>
        <SignInGate>
          <Pages router={router} />
        </SignInGate>
      </ServicesContext.Provider>
    </ErrorBoundary>
  </StrictMode>,
)
