import { mayColor } from "../io.ts";
import { buildPicture, finalPicture } from "./build-picture.ts";
import { LiveScreen } from "./live-screen.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";
import { isFinished, StepList, type StepState } from "./step-list.ts";
import { warningLines } from "./warning-lines.ts";

/** A live view of the build on a terminal; when it is over, the list of all steps stays. */
export function ttyRenderer({ stream, env, explain = false }: RendererOptions): Renderer {
  const started = Date.now();
  const list = new StepList();
  const steps = (): StepState[] => [...list.steps.values()];
  const screen = new LiveScreen(stream, {
    color: mayColor(stream, env),
    picture: (columns, rows) => buildPicture(steps(), { columns, rows, now: Date.now(), started, explain }),
  });
  return {
    showsLogs: false,
    onEvent(event) {
      list.add(event);
      screen.changed();
    },
    close() {
      const all = steps();
      const failed = all.some(({ error }) => error !== undefined) || all.some((step) => step.started !== undefined && !isFinished(step));
      const options = { columns: stream.columns || 80, rows: stream.rows || 24, now: Date.now(), started, explain, failed };
      screen.close([...finalPicture(all, options), ...warningLines(list.warnings).map((text) => ({ text }))]);
    },
  };
}
