/** One line for each error below an error, leaving out those that say what was said already. */
export function causeLines(error: unknown): string[] {
  const lines: string[] = [];
  let said = error instanceof Error ? error.message : String(error);
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && cause !== null && depth < 10; depth += 1) {
    const message = describe(cause);
    if (message !== "" && !said.includes(message)) lines.push(`  cause: ${(message.endsWith("\n") ? message.trimEnd() : message).replaceAll("\n", "\n         ")}`);
    said += message;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

function describe(cause: unknown): string {
  // Node gathers the attempts on several addresses in an error without a message of its own.
  if (cause instanceof AggregateError && cause.message === "") return [...new Set(cause.errors.map(describe))].join("; ");
  if (cause instanceof Error) return cause.message || ((cause as NodeJS.ErrnoException).code ?? cause.name);
  return String(cause);
}
