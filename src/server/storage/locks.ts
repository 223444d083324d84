/** What only one of all processes may do at a time that look after the same records. */
export interface Locks {
  /** Undefined when another process has it. It ends with the process, however that ends. */
  tryLock(name: string): Promise<HeldLock | undefined>;
}

export interface HeldLock extends AsyncDisposable {
  /** Aborted when the lock was lost: somebody else may have it by now. */
  readonly lost: AbortSignal;
}
