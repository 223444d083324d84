/** How far readers of the log of changes have come, so that a restart loses nothing of it. */
export interface Cursors {
  /** The last event that the reader is done with; of a new reader the last one that there is now. */
  cursor(reader: string): Promise<number>;
  /** A power cut may take it back: then events come once more. */
  moveCursor(reader: string, event: number): Promise<void>;
}
