import type { Resolved } from "../../bake/resolve-targets.ts";
import type { Call } from "../command.ts";
import type { bakeFlags } from "./bake-flags.ts";
export async function bakeTargets(_resolved: Resolved, _call: Call<typeof bakeFlags>): Promise<void> { throw new Error("later"); }
