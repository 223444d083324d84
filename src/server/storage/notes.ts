/** Short texts that processes with the same records leave for each other, each under a name. */
export interface Notes {
  note(name: string): Promise<string | undefined>;
  /** A power cut may take it back. */
  setNote(name: string, text: string): Promise<void>;
}

/** What `settings` calls it. */
export const noteName = (name: string): string => `note ${name}`;
