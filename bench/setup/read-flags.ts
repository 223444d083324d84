import { parseArgs, type ParseArgsConfig } from "node:util";

/**
 * The flags of a bench. `--help` prints how it is called and ends it with 0, what it does not know ends it with 2.
 * @param help what `--help` prints
 */
export function readFlags<Options extends NonNullable<ParseArgsConfig["options"]>>(help: string, options: Options): ReturnType<typeof parseArgs<{ options: Options & { help: { type: "boolean"; short: "h" } } }>>["values"] {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: "boolean", short: "h" } } as Options & { help: { type: "boolean"; short: "h" } } });
    if (!("help" in values)) return values;
  } catch (error) {
    refuse((error as Error).message);
  }
  process.stdout.write(`${help}\n`);
  process.exit(0);
}

/** The number that a flag was given; what is none ends the bench. */
export function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) refuse(`${flag} ${text}: a whole number from 1 on is needed`);
  return number;
}

/** Ends the bench before it has begun. */
export function refuse(problem: string): never {
  process.stderr.write(`bench: ${problem}\n`);
  process.exit(2);
}
