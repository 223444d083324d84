import type { Store } from "../store/open-store.ts";

/**
 * Opens this user's store for a piece of work. For an ordinary user the process first enters a user namespace,
 * in which the files of the store keep their owners.
 */
export async function withStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
  const { enterUserNamespace } = await import("../linux/user-namespace.ts");
  await enterUserNamespace();
  const [{ openStore }, { defaultRoot }] = await Promise.all([import("../store/open-store.ts"), import("../store/default-root.ts")]);
  await using store = await openStore(defaultRoot());
  return await work(store);
}
