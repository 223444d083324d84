import type { StageState } from "./stage-state.ts";
import type { Vertex } from "./vertex.ts";

/** What an SBOM tells of besides the target's own files. */
export interface ScanExtras {
  /** The build context. */
  readonly context: boolean;
  /** Other stages, in the order of the Dockerfile. */
  readonly stages: readonly { readonly name: string; readonly vertex: Vertex | undefined }[];
}

/**
 * What the ARGs BUILDKIT_SBOM_SCAN_CONTEXT and BUILDKIT_SBOM_SCAN_STAGE say, of the Dockerfile as a whole or of a stage: yes, no, or the names of
 * the stages that are meant. As with BuildKit a build argument alone says nothing, and a stage that the target does not need is not there.
 * @param states of all stages that were evaluated
 */
export function scanExtras(target: StageState, states: readonly StageState[], globals: ReadonlyMap<string, string>): ScanExtras {
  const isAsked = (name: string, { args, label }: StageState): boolean => {
    const value = args.findLast((arg) => arg.name === name && arg.value !== undefined)?.value ?? globals.get(name);
    return value !== undefined && isEnabled(value, label);
  };
  const others = states.filter((state) => state !== target && isAsked("BUILDKIT_SBOM_SCAN_STAGE", state));
  return {
    context: isAsked("BUILDKIT_SBOM_SCAN_CONTEXT", target),
    stages: others.sort((a, b) => a.stage.index - b.stage.index).map(({ label, vertex }) => ({ name: label, vertex })),
  };
}

function isEnabled(value: string, stage: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  return value.split(",").includes(stage);
}
