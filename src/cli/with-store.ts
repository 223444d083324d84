import type { Store } from "../store/open-store.ts";
import { interruption } from "./signals.ts";

/**
 * Opens this user's store for a piece of work. For an ordinary user the process first enters a user namespace,
 * in which the files of the store keep their owners.
 */
export async function withStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
  await becomeRoot();
  await using store = await openOwnStore();
  return await work(store);
}

/** This user's store, for a process that is root; where opening it takes long, a line says why, and Ctrl-C ends it. */
export async function openOwnStore(): Promise<Store> {
  const [{ openStore }, { storeRoot }] = await Promise.all([import("../store/open-store.ts"), import("../store/store-root.ts")]);
  return await openStore(storeRoot(process.env), {
    signal: interruption(),
    onReading: (what) => void process.stderr.write(`${what}\n`),
    onFound: (what) => void process.stderr.write(`WARNING: ${what}\n`),
  });
}

/** Root of a user namespace of one's own, where the process is not root of the machine. */
export async function becomeRoot(): Promise<void> {
  const { enterUserNamespace } = await import("../linux/user-namespace.ts");
  await enterUserNamespace();
}
