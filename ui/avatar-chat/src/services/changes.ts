/** Applies to the view of a conversation what a fact changed in it; the gateway folds (projections/view.py). */

import type { Changes, ConversationView } from '../generated/view'

/** The view after the fact of this sequence. Turns that did not change stay the same objects. */
export function applyChanges(view: ConversationView, seq: number, changes: Changes): ConversationView {
  const { turns: changed = [], ...head } = changes
  const turns = changed.reduce((all, { place, turn }) => all.toSpliced(place, 1, turn), view.turns)
  return { ...view, ...head, seq, turns }
}
