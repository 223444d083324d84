import { join } from "node:path";
import type { Command } from "../measure/run-measured.ts";

/** Starts a program where the kernel runs commands of arm64; this project finds the emulator by itself. */
export const WITH_EMULATORS = join(import.meta.dirname, "../../test/support/with-emulators.sh");

/** A build that is pushed when it is done. */
export interface BuildJob {
  /** Folder with a Dockerfile. */
  readonly context: string;
  /** `host/repository:tag` */
  readonly image: string;
  /** Whether results of earlier builds may be used. */
  readonly cache: boolean;
  /** Another one than this machine's; for what {@link Peer.emulating} gives. */
  readonly platform?: string;
}

/** A build whose results are shared. */
export interface CacheJob extends Pick<BuildJob, "context" | "image"> {
  /** `host/repository:tag` of the cache. */
  readonly ref: string;
}

/** Something that the bench runs: this project or one that it is compared with. Each call gives what to type. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** Daemons that work for it while its commands run. */
  readonly daemons: readonly number[];
  /** Waits until its next command finds what it finds when nothing else was done for a while. */
  settle?(): Promise<void>;
  /** It only shows what is possible with one large blob: it sends everything each time. */
  readonly floor?: true;
  start?(): Command[];
  /** The same where commands of other architectures run; why that cannot be, otherwise. */
  emulating?(): Promise<Peer | string>;
  buildAndPush?(job: BuildJob): Command[];
  /** Builds and pushes without cache and writes all results to a cache in a registry. */
  exportCache?(job: CacheJob): Command[];
  /** Builds and pushes with the cache in a registry. */
  importCache?(job: CacheJob): Command[];
  /** Removes all that the peer has learned, as on a machine that is new. */
  forgetAll?(): Command[];
  /** Brings an image into the peer's own storage, from a context (one COPY of everything) or from a `docker save` archive. */
  take?(source: { context: string; archive: string }, image: string): Command[];
  push?(image: string, source: { context: string; archive: string }): Command[];
  /** Removes the image from the peer's own storage. */
  forget?(image: string): Command[];
  pull?(image: string): Command[];
  /** Gives an image of the peer's own storage another name. */
  tag?(image: string, other: string): Command[];
  /** Several images of the peer's own storage in one call, where that is possible. */
  pushAll?(images: readonly string[]): Command[];
  /** From one registry to another. */
  copy?(from: string, to: string): Command[];
  /** Tag 1 of several repositories, from one registry to another. */
  sync?(job: { readonly from: string; readonly to: string; readonly repositories: readonly string[] }): Command[];
}
