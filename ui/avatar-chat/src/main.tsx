import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './components/App'
import { ErrorBoundary } from './components/ErrorBoundary'
import { ServicesContext } from './hooks/useServices'
import './index.css'
import { Chat } from './services/chat'
import { PreferenceStore } from './services/preferences'

const root = document.getElementById('root')
if (!root) throw new Error('expected an element with the id "root"')
const services = { chat: new Chat(), preferences: new PreferenceStore() }
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <ServicesContext.Provider value={services}>
        <App />
      </ServicesContext.Provider>
    </ErrorBoundary>
  </StrictMode>,
)
