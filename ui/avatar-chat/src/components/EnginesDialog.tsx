import { useEffect } from 'react'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import type { ServerStatus, ServiceStatus, Suggestion } from '../services/avatarClient'
import { CopyableCommand } from './CopyableCommand'
import { Dialog } from './Dialog'

const ROLES: Readonly<Record<ServiceStatus['name'], string>> = {
  stt: 'Ears',
  dialogue: 'Mind',
  tts: 'Voice',
  render: 'Face',
}

/** What is in use, what is being fetched, and what would be better at what cost. */
export function EnginesDialog({ onClose }: { readonly onClose: () => void }) {
  const { serverStatus } = useServices().chat
  const status = useStore(serverStatus.state)
  useEffect(() => void serverStatus.ask(), [serverStatus])
  return (
    <Dialog title="What is in use" className="dialog-centre" onClose={onClose}>
      <div className="min-h-0 overflow-y-auto px-5 pb-5">{status && <Engines status={status} />}</div>
    </Dialog>
  )
}

function Engines({ status: { bus, services, suggestions } }: { readonly status: ServerStatus }) {
  return (
    <>
      {bus === 'down' && (
        <p className="mb-3 text-danger">The event log is away; nothing is known of the services.</p>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-5 gap-y-2.5">
        {services.map((service) => (
          <Engine key={service.name} service={service} />
        ))}
      </dl>
      <h3 className="mt-6 font-semibold">What would be better here</h3>
      {suggestions.length === 0 ? (
        <p className="mt-1 text-sm text-ink-soft">There is nothing to propose.</p>
      ) : (
        <>
          <ul className="mt-2 flex flex-col gap-4">
            {suggestions.map((suggestion) => (
              <Proposal key={suggestion.title} suggestion={suggestion} />
            ))}
          </ul>
          <p className="mt-4 text-sm text-ink-soft">
            Type a command in a terminal, in the folder of Visavis. What it brings is used from the next start on.
          </p>
        </>
      )}
    </>
  )
}

function Engine({ service: { name, engine, words, up, note, downloads } }: { readonly service: ServiceStatus }) {
  return (
    <>
      <dt className="font-medium">{ROLES[name]}</dt>
      <dd data-testid={`engine-${name}`} className="min-w-0 text-ink-soft" title={engine}>
        <p className={up ? '' : 'text-danger'}>{up ? words : 'Not running'}</p>
        {downloads.map(({ model, percent }) => (
          <label key={model} className="mt-1 block text-sm tabular-nums">
            Fetching {model}
            {percent !== null && `, ${percent} %`}
            <progress className="download" max={100} {...(percent !== null && { value: percent })} />
          </label>
        ))}
        {up && downloads.length === 0 && note !== '' && <p className="mt-1 text-sm">{note}</p>}
      </dd>
    </>
  )
}

function Proposal({ suggestion: { title, cost, command } }: { readonly suggestion: Suggestion }) {
  return (
    <li data-testid="suggestion">
      <p>{title}</p>
      <p className="mt-0.5 text-sm text-ink-soft">Takes {cost}.</p>
      <CopyableCommand command={command} />
    </li>
  )
}
