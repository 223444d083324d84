import { fault } from "../../std/fault.ts";
import { isYes } from "./output-attributes.ts";

/**
 * Variables that would make a build of buildx refuse or change what it takes. To pass over them in silence would build what they forbid.
 * @throws NOT_SUPPORTED
 */
export function refuseEnvironment(env: NodeJS.ProcessEnv): void {
  if (env["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"]) throw fault("NOT_SUPPORTED", { feature: "a source policy (EXPERIMENTAL_BUILDKIT_SOURCE_POLICY)", hint: "unset the variable to build without it" });
  if (isYes(env["BUILDX_DEFAULT_POLICY"])) throw fault("NOT_SUPPORTED", { feature: "buildx's default policy (BUILDX_DEFAULT_POLICY)", hint: "unset the variable to build without it" });
}
