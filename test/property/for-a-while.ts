import fc from "fast-check";

const { SAMPAN_PROPERTY_SEED: given, SAMPAN_PROPERTY_PATH: path } = process.env;
const more = Number(process.env["SAMPAN_PROPERTY_RUNS"] ?? 1);

/**
 * Verifies a property for some cases, or as many as there is time for: a busy machine does fewer of them, and one at least.
 * `SAMPAN_PROPERTY_RUNS` makes more of cases and time, `SAMPAN_PROPERTY_SEED` and `SAMPAN_PROPERTY_PATH` repeat the one that failed.
 * @param options.seed of the cases that are looked at where nothing else is said; else they are others each time
 */
export async function forAWhile<Value>(arbitrary: fc.Arbitrary<Value>, verify: (value: Value) => Promise<void>, { runs, milliseconds, seed }: { runs: number; milliseconds: number; seed?: number }): Promise<void> {
  // More cases than usual are meant to be others.
  const chosen = given === undefined ? (more === 1 ? seed : undefined) : Number(given);
  const end = Date.now() + milliseconds * more;
  let done = 0;
  await fc.assert(fc.asyncProperty(arbitrary, async (value) => {
    if (done > 0 && Date.now() > end) return;
    await verify(value);
    done += 1;
  }), { numRuns: Math.ceil(runs * more), ...(chosen === undefined ? {} : { seed: chosen }), ...(path === undefined ? {} : { path }) });
}
