/**
 * Imported into the process of each test file. At its end, with nothing left to do, Node 24 may wait for ever in its own
 * clean-up for a write to a connection that was reset; leaving in the exit event skips that. (--test-force-exit would, too,
 * but loses results that are still on their way to the runner.)
 */
process.once("beforeExit", () => {
  // Behind the listeners of the test runner, which still has something to say then.
  process.once("exit", () => process.exit());
});

export {};
