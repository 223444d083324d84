import type { Store } from "../store/open-store.ts";

/**
 * Opens this user's store for a piece of work. For an ordinary user the process first enters a user namespace,
 * in which the files of the store keep their owners.
 */
export async function withStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
  await becomeRoot();
  const [{ openStore }, { storeRoot }] = await Promise.all([import("../store/open-store.ts"), import("../store/store-root.ts")]);
  await using store = await openStore(storeRoot(process.env));
  return await work(store);
}

/** Root of a user namespace of one's own, where the process is not root already. */
export async function becomeRoot(): Promise<void> {
  if (process.getuid?.() === 0) return;
  const { enterUserNamespace } = await import("../linux/user-namespace.ts");
  await enterUserNamespace();
}
