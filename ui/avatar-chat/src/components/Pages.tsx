import { lazy, Suspense, useEffect } from 'react'
import { useStore } from '../hooks/useStore'
import type { Router } from '../services/route'
import { App } from './App'

// Loaded when it is wanted: whoever only talks need not wait for it.
const ReplayPage = lazy(() => import('./replay/ReplayPage'))
const AnalyticsPage = lazy(() => import('./analytics/AnalyticsPage'))

/** The view that the address names. Only one is there at a time: a replay opens neither microphone nor call. */
export function Pages({ router }: { readonly router: Router }) {
  const route = useStore(router.state)
  useEffect(() => router.start(), [router])
  if (route.view === 'chat') return <App />
  return (
    <Suspense fallback={<div className="page" aria-busy />}>
      {route.view === 'replay' ? (
        <ReplayPage key={route.conversation} conversation={route.conversation} at={route.at} />
      ) : (
        <AnalyticsPage />
      )}
    </Suspense>
  )
}
