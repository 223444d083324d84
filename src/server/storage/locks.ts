import { setTimeout as wait } from "node:timers/promises";

/** What only one of all processes may do at a time that look after the same records. */
export interface Locks {
  /** Undefined when another process has it. It ends with the process, however that ends. */
  tryLock(name: LockName): Promise<HeldLock | undefined>;
}

/** `collector`: removes bytes that no record knows, checks or imports. `webhooks`: sends changes on. `replication`: copies tags by rules. */
export type LockName = "collector" | "webhooks" | "replication";

export interface HeldLock extends AsyncDisposable {
  /** Aborted when the lock was lost: somebody else may have it by now. */
  readonly lost: AbortSignal;
}

/** Does the work unless another process is at it; undefined when one is. */
export async function unlessLocked<Result>(locks: Locks, name: LockName, work: () => Promise<Result>): Promise<Result | undefined> {
  await using lock = await locks.tryLock(name);
  return lock && (await work());
}

/** The lock, once whoever has it for a moment is done; undefined when that takes longer than `patience` milliseconds. */
export async function waitForLock(locks: Locks, name: LockName, patience: number): Promise<HeldLock | undefined> {
  for (const deadline = performance.now() + patience; ; await wait(50)) {
    const lock = await locks.tryLock(name);
    if (lock || performance.now() > deadline) return lock;
  }
}
