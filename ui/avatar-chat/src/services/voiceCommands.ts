/** The commands that a person can say or write, with phrases for each; a test holds them against the grammar. */

import type { CommandName } from '../generated/events'
import phrases from './voiceCommands.json'

export type PhraseLanguage = 'en' | 'de'

export interface VoiceCommand {
  readonly command: CommandName
  readonly effect: string
  readonly phrases: readonly string[]
}

/**
 * The commands in a language.
 *
 * @param name Of a character to switch to.
 */
export function voiceCommands(language: PhraseLanguage, name: string): readonly VoiceCommand[] {
  return phrases.map((row) => ({
    command: row.command as CommandName,
    effect: row.effect,
    phrases: row[language].map((phrase) => phrase.replace('{name}', name)),
  }))
}
