/** What says how the records are doing. */
export interface Vitals {
  /** @throws when nothing can be written */
  checkWritable(): Promise<void>;
  /** Counts everything; it reads a row for each blob. */
  totals(): Promise<Totals>;
}

export interface Totals {
  readonly repositories: number;
  readonly blobs: number;
  /** What the blobs take of the disk. */
  readonly bytes: number;
}
