let listening: AbortSignal | undefined;

/** What {@link listenForSignals} gave: work that no command hands a signal to, such as opening the store, ends by it too. */
export function interruption(): AbortSignal | undefined {
  return listening;
}

/**
 * A signal object that Ctrl-C, SIGTERM and SIGHUP abort, with the fault INTERRUPTED as reason. Whoever does not
 * want to wait for the tidying up presses Ctrl-C twice more.
 */
export function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  let count = 0;
  let last = -Infinity;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      // With a launcher in front, one Ctrl-C arrives twice: from the terminal, and passed on.
      if (performance.now() - last < 200) return;
      last = performance.now();
      count += 1;
      if (count === 3) process.exit(130);
      void import("../std/fault.ts").then(({ fault }) => controller.abort(fault("INTERRUPTED", { signal: name === "SIGINT" ? "Ctrl-C (SIGINT)" : name })));
    });
  }
  return listening = controller.signal;
}
