import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type BuildOptions } from "../../src/build/build.ts";
import { isFault } from "../../src/std/fault.ts";
import { normalizeArchive, type NormalizedImage } from "../golden/normalize.ts";
import type { State } from "./cases.ts";
import { dockerfileText } from "./dockerfiles.ts";

/**
 * What came of a build: an image, or that it was refused. With which words is not the same every time where several steps
 * are wrong: the first one that fails ends the others.
 */
export type Outcome = NormalizedImage | "refused";

/** Faults that no Dockerfile and no context may bring about. */
const OURS = /^(SANDBOX|STORE|STORAGE|SNAPSHOT|BLOB|LAYER|IMAGE_DAMAGED)/;

/** A folder for one case: its context, its stores and archives. */
export class Bench implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "property-"));
  readonly context = join(this.folder, "context");
  /** With which words the last build was refused. */
  said = "";
  readonly #template: string;
  #stores = 0;

  /** @param template a store with the images that Dockerfiles begin from */
  constructor(template: string) {
    this.#template = template;
    mkdirSync(this.context);
  }

  store(): string {
    const root = join(this.folder, `store-${(this.#stores += 1)}`);
    cpSync(this.#template, root, { recursive: true });
    return root;
  }

  async build(root: string, { dockerfile, argument, target }: State, options: Partial<BuildOptions> = {}): Promise<Outcome> {
    const file = `${root}.dockerfile`;
    const archive = `${root}.tar`;
    writeFileSync(file, dockerfileText(dockerfile));
    try {
      await build({
        root, cwd: this.folder, context: this.context, file, hostCertificates: false, outputs: [{ type: "oci", dest: archive }],
        ...(argument === null ? {} : { buildArgs: { A: argument } }),
        ...(target === null ? {} : { target: `s${target % dockerfile.stages.length}` }),
        ...options,
      });
      return normalizeArchive(archive, []);
    } catch (error) {
      if (!isFault(error) || OURS.test(error.code)) throw error;
      this.said = error.message;
      return "refused";
    }
  }

  /** What the state is by itself: built without a cache, in a store that has seen nothing. */
  async buildAnew(state: State): Promise<Outcome> {
    const root = this.store();
    const outcome = await this.build(root, state, { noCache: true });
    rmSync(root, { recursive: true });
    return outcome;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
