import type { CheckWarning } from "../check/checker.ts";
import type { OnProgress, WarningEvent } from "../std/progress.ts";

/** Sends what build checks found as warnings, below the step that reads the Dockerfile, as BuildKit does. */
export function tellChecks(warnings: readonly CheckWarning[], file: string, onProgress: OnProgress): void {
  if (warnings.length === 0) return;
  const name = definitionStep(file);
  const time = Date.now();
  onProgress({ type: "step", id: name, name, started: time, completed: time });
  for (const warning of warnings) onProgress(checkEvent(warning));
}

export function checkEvent({ rule, description, url, message, location }: CheckWarning): WarningEvent {
  return {
    type: "warning", id: definitionStep(location.file), message: `${rule}: ${message} (line ${location.startLine})`, detail: description,
    ...(url === undefined ? {} : { url }), location,
  };
}

function definitionStep(file: string): string {
  return `[internal] load build definition from ${file}`;
}
