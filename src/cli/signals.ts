/**
 * A signal object that Ctrl-C, SIGTERM and SIGHUP abort, with the fault INTERRUPTED as reason. Whoever does not
 * want to wait for the tidying up presses Ctrl-C twice more.
 */
export function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  let count = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      count += 1;
      if (count === 3) process.exit(130);
      void import("../std/fault.ts").then(({ fault }) => controller.abort(fault("INTERRUPTED", { signal: name === "SIGINT" ? "Ctrl-C (SIGINT)" : name })));
    });
  }
  return controller.signal;
}
