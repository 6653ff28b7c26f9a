import { fireEvent, render } from '@testing-library/react'
import { expect, it } from 'vitest'
import { ADA, LEO } from '../test/fakes'
import { Portrait } from './Portrait'

it('shows the initial of another character until its own portrait is there', () => {
  const { container, rerender } = render(<Portrait character={ADA} />)
  const image = () => container.querySelector('img') ?? document.body
  fireEvent.load(image())
  expect(image().classList).not.toContain('opacity-0')
  rerender(<Portrait character={LEO} />)
  expect(image().classList).toContain('opacity-0')
  expect(container.textContent).toBe('L')
})
