/** What says how the records are doing. */
export interface Vitals {
  /** @throws when nothing can be written */
  checkWritable(): Promise<void>;
  /** Changes when the records were put in place anew: restored from a backup, or copied. What they remember may be older then than what others know. */
  place(): Promise<string>;
  /** Counts everything; it reads a row for each blob. */
  totals(): Promise<Totals>;
}

export interface Totals {
  readonly repositories: number;
  readonly blobs: number;
  /** What the blobs take of the disk. */
  readonly bytes: number;
}
