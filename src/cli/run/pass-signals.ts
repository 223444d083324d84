import { CleanupStack } from "../../std/cleanup-stack.ts";

/** Signals that are passed on to a command besides those that end this process. */
const PASSED = ["SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGCONT", "SIGALRM"] as const;

/** Passes signals that this process gets on to a command, until disposed of. */
export function passSignals(kill: (signal: NodeJS.Signals) => void): Disposable {
  const stack = new CleanupStack();
  for (const name of PASSED) {
    const pass = (): void => kill(name);
    process.on(name, pass);
    stack.defer(() => process.off(name, pass));
  }
  return stack;
}
