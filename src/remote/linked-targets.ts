import type { Result } from "./api/gateway_pb.ts";
import { BUILD_HEADER } from "./connect/worker.ts";
import type { OpenTarget } from "./open-targets.ts";
import { entitlements } from "./request/frontend-attrs.ts";
import { linkedInput, type LinkedInput } from "./request/linked-input.ts";
import { newId } from "./session/open-session.ts";
import { watchBuild, type Surroundings } from "./solve-target.ts";

/**
 * Targets that others have as a context. The worker's frontend says of each what it would be made of, and nothing is built until a
 * target that needs it is. Their sessions, and what the worker knows of them, stay until `finish`.
 */
export class LinkedTargets {
  readonly #byName: ReadonlyMap<string | undefined, OpenTarget>;
  readonly #around: Surroundings;
  readonly #asked = new Map<string, Promise<Result>>();
  readonly #endings: (() => Promise<void>)[] = [];

  constructor(targets: readonly OpenTarget[], around: Surroundings) {
    this.#byName = new Map(targets.map((open) => [open.target.name, open]));
    this.#around = around;
  }

  /** What the targets are that a target names as its contexts. */
  async inputsOf({ target: { linked = new Map<string, string>() } }: OpenTarget): Promise<LinkedInput> {
    const found = await Promise.all([...linked].map(async ([name, other]) => linkedInput(name, other, await this.#resultOf(other))));
    return { attrs: Object.assign({}, ...found.map(({ attrs }) => attrs)) as LinkedInput["attrs"], inputs: Object.assign({}, ...found.map(({ inputs }) => inputs)) as LinkedInput["inputs"] };
  }

  /** Lets the worker forget them. */
  async finish(): Promise<void> {
    await Promise.all(this.#endings.map((end) => end()));
  }

  #resultOf(name: string): Promise<Result> {
    const known = this.#asked.get(name);
    if (known) return known;
    const asking = this.#ask(this.#byName.get(name)!);
    this.#asked.set(name, asking);
    return asking;
  }

  async #ask(open: OpenTarget): Promise<Result> {
    const { worker: { control, bridge }, broken, signal } = this.#around;
    const { attrs, inputs } = await this.inputsOf(open);
    const ref = newId();
    const watching = watchBuild(ref, open, this.#around);
    // A build without a frontend of its own lasts until it is given a result.
    const lasting = control.solve({ ref, session: open.session, entitlements: entitlements(open.target.build) }, { signal });
    const failed = new Promise<never>((_resolve, reject) => lasting.catch(reject));
    failed.catch(() => undefined);
    const headers = { [BUILD_HEADER]: ref };
    const request = { frontend: open.frontend, frontendOpt: { ...open.attrs, ...attrs }, frontendInputs: { ...inputs }, allowResultReturn: true, allowResultArrayRef: true };
    const { result } = await Promise.race([bridge.solve(request, { headers, signal }), failed, broken]);
    this.#endings.push(async () => {
      await bridge.return({ result: {} }, { headers, signal });
      await lasting;
      await watching;
    });
    return result!;
  }
}
