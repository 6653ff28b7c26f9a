import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './components/App'
import { Broken } from './components/Broken'
import { TabContext } from './hooks/useVisit'
import './index.css'
import { PreferenceStore } from './services/preferences'
import { Visit } from './services/visit'

const root = document.getElementById('root')
if (!root) throw new Error('expected an element with the id "root"')
const tab = { visit: new Visit(), preferences: new PreferenceStore() }
createRoot(root).render(
  <StrictMode>
    <Broken>
      <TabContext.Provider value={tab}>
        <App />
      </TabContext.Provider>
    </Broken>
  </StrictMode>,
)
