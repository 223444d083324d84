import fc from "fast-check";

/** A Dockerfile as the grammar makes it: plain data, so that a failing one can be made smaller. */
export interface DockerfileModel {
  readonly images: Images;
  readonly stages: readonly StageModel[];
}

export interface StageModel {
  /** An image, or the number of a stage: of those in front of it, modulo their count. */
  readonly from: string | number;
  readonly steps: readonly Step[];
}

/** An instruction; COPY and mounts name a stage as {@link StageModel.from} does, or read the context. */
export type Step =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "copy"; readonly command: "COPY" | "ADD" | "ONBUILD COPY"; readonly from: number | null; readonly flags: readonly string[]; readonly sources: readonly (readonly [local: string, distant: string])[]; readonly destination: string }
  | { readonly kind: "mount"; readonly from: number | null; readonly source: readonly [local: string, distant: string]; readonly writable: boolean; readonly command: string };

/** Images that random Dockerfiles are built from; `bases.ts` makes them. */
export type Images = "copy" | "run";

export function dockerfileText({ images, stages }: DockerfileModel): string {
  return `ARG A=0\n${stages.map((stage, index) => stageText(stage, index, images === "run" ? "full" : "tiny")).join("")}`;
}

function stageText({ from, steps }: StageModel, index: number, first: string): string {
  const base = typeof from === "string" ? from : (stageAt(from, index) ?? first);
  return [`FROM ${base} AS s${index}`, ...steps.map((step) => stepText(step, index))].map((line) => `${line}\n`).join("");
}

function stepText(step: Step, index: number): string {
  if (step.kind === "text") return step.text;
  const stage = step.from === null ? undefined : stageAt(step.from, index);
  const distant = stage === undefined ? 0 : 1;
  if (step.kind === "mount") {
    const from = stage === undefined ? "" : `,from=${stage}`;
    return `RUN --mount=type=bind${from},source=${step.source[distant]},target=/m${step.writable ? ",rw" : ""} ${step.command}`;
  }
  return [step.command, ...(stage === undefined ? [] : [`--from=${stage}`]), ...step.flags, ...step.sources.map((source) => source[distant]), step.destination].join(" ");
}

function stageAt(from: number, index: number): string | undefined {
  return index === 0 ? undefined : `s${from % index}`;
}

const source = fc.constantFrom<readonly [string, string]>(
  ["a", "/a"], ["b.txt", "/b.txt"], ["d", "/d"], ["d/*", "/d/*"], ["d/e", "/d/e"], ["d/e/a", "/l/e/a"], ["*", "/out"], ["*", "/out/*"], ["*.txt", "/*.txt"],
  ["?", "/w/*"], ["[a-d]", "/[a-d]"], [".", "/out/."], ["./d/./e", "/d/./e"], ["l", "/l"], ["l/e", "/abs/e"], ["*/a", "/*/a"], ["d/", "/l/"], ["d/?*", "/new"],
  [".hidden", "/cap"], ["[h-l]*", "/"], ["[^d]*", "/[^d-w]*"], ["**/a", "/d/**/a"], ["d/./e/..", "/d/../w"], ["?.t?t", "/b.t?t"], ["d/[!a]*", "/d/[!a]*"],
);
const destination = fc.constantFrom("/out/", "/out/", "/", "/d/", "/l/", "/abs/x/", "/w/", "x/", "./", "/new/deep/", "$V/", "/out/${A:-none}/", "/b.txt/");
const plainFlag = fc.constantFrom("--chown=1:2", "--chown=5", "--chown=app:users", "--chmod=600", "--chmod=0755", "--chmod=u+x,go-w", "--chmod=a=rX", "--chmod=2775", "--chown=:100", "--chown=$A:app", "--chown=none", "--chmod=${M:-711}", "--chmod=g=u", "--chmod=0");
const filterFlag = fc.constantFrom("--exclude=*.txt", "--exclude=d/e", "--exclude=**/a", "--exclude=e", "--exclude=out", "--exclude=* --exclude=!a", "--exclude=d --exclude=b.*");
const flags = fc.tuple(sometimes(plainFlag, 3), sometimes(filterFlag, 6), sometimes(fc.constant("--link"), 5), sometimes(fc.constant("--parents"), 7)).map((all) => all.filter((flag) => flag !== null));

const copy = fc.record({
  kind: fc.constant("copy" as const), command: fc.constant("COPY" as const), from: sometimes(fc.nat(3), 2), flags,
  sources: fc.array(source, { minLength: 1, maxLength: 2 }), destination,
});
const onbuild = fc.record({
  kind: fc.constant("copy" as const), command: fc.constant("ONBUILD COPY" as const), from: fc.constant(null), flags,
  sources: fc.array(source, { minLength: 1, maxLength: 1 }), destination,
});
const add = fc.record({
  kind: fc.constant("copy" as const), command: fc.constant("ADD" as const), from: fc.constant(null),
  flags: fc.tuple(sometimes(plainFlag, 4), sometimes(fc.constantFrom("--unpack=false", "--unpack=true", "--link"), 4)).map((all) => all.filter((flag) => flag !== null)),
  sources: fc.array(fc.constantFrom<readonly [string, string]>(["archive.tar", ""], ["archive.tar", ""], ["a", ""], ["d", ""], ["*.tar", ""]), { minLength: 1, maxLength: 2 }),
  destination,
});
const text = (...all: string[]): fc.Arbitrary<Step> => fc.constantFrom(...all).map((words) => ({ kind: "text" as const, text: words }));

const settings = text(
  "WORKDIR /w", "WORKDIR w2", "WORKDIR /l/w", "WORKDIR /out", "WORKDIR ${V:-/v}/x", "WORKDIR ..", "WORKDIR /d/e/f",
  "ENV V=/w", "ENV V=/out/$A W=x", "ENV W=\"a b\" Z=${V:+set}", "ENV U ${A:-none} $V", "ARG A", "ARG A=1", "ARG B=$V$A", "ARG A B=2",
  "USER app:users", "USER 0", "LABEL a=$A b=\"$V\"", "EXPOSE 80/udp $A", "VOLUME /out /v", "CMD [\"$A\"]", "CMD echo $A", "ENTRYPOINT [\"/e\"]",
  "ENV P=${V%/*} Q=${V##*/} R=${V//\\//_} S=${V/w/x}", "ENV P=${A:+set} Q=${A+set} R=${A-unset} S='${V}' T=\\$V", "ENV P=${W#* } Q=\"${W%% *}\" R=${NONE:-${V:-${A}}}", "ARG M=${A:-4}55", "ENV P=${A:?is needed}", "LABEL \"a b\"=${V:-none} c='d e'", "LABEL l=1 \\\n  # in between\n  m=\"$A\"",
  "env V=/d", "ENV PATH=/more:$PATH", "USER ${U:-1000}", "USER 5:6", "WORKDIR \"/w x\"", "WORKDIR $V/./y/", "EXPOSE 80-82/tcp 53/udp", "VOLUME [\"/d\"]", "HEALTHCHECK NONE", "CMD echo \"a b\" | cat", "ENTRYPOINT echo $V", "MAINTAINER me <a@b>", "SHELL [\"/bin/sh\"]",
  "COPY --from=tiny /d/e /fromimage/", "COPY --from=tiny --chown=app /out /b.txt /fromimage/", "COPY --from=s9 /a /", "COPY <<EOF $V\nwith \\$V ${A}\nEOF", "COPY --chown=3 <<a b.txt <<\"c\" /docs/\n$A\na\nlast\nc", "ADD --chmod=640 <<EOF ./\n\nEOF",
  "ONBUILD COPY --from=tiny /a /ob", "ONBUILD RUN [\"/e\"]", "ONBUILD LABEL o=$A", "ONBUILD ADD archive.tar /ob/", "ONBUILD CMD $V", "ONBUILD ONBUILD ENV X=1",
  "STOPSIGNAL 9", "HEALTHCHECK --interval=5s CMD echo $V", "SHELL [\"/bin/sh\", \"-ec\"]", "ONBUILD ENV O=$V", "ONBUILD WORKDIR /ob", "ONBUILD ARG A", "ONBUILD USER 7",
  "COPY <<EOF <<\"E2\" /out/\nv=$V a=${A:-none}\nEOF\nraw $V\nE2", "COPY --chmod=700 <<-EOF $V/here\n\tone $A\n\ttwo\n\tEOF", "ADD <<EOF /d/e\nfile where a folder may be\nEOF",
);
export const anyFrom = (images: Images): fc.Arbitrary<string | number> =>
  images === "copy" ? fc.oneof(fc.constantFrom("tiny", "tiny", "tiny", "triggers", "scratch"), fc.nat(3)) : fc.oneof({ weight: 8, arbitrary: fc.constant("full") }, { weight: 1, arbitrary: fc.constantFrom("tiny", "scratch") }, { weight: 8, arbitrary: fc.nat(3) });

/** Whatever of it fails, fails in both builds alike; a failed step would only end the case. */
const command = fc.constantFrom(
  "cat /out/* /d/* > /cat 2>/dev/null", "echo \"$V $A $W\" >> /log", "echo \"$A\" > /out/arg", "all=$(find / -xdev 2>/dev/null | sort | md5sum) && echo $all > /list",
  "stat -c '%n %a %u %g %F %s' /a /b.txt /out/* > /stat 2>/dev/null", "mkdir -p /out/r && cp -a /d /out/r/", "rm -rf /d/e", "rm -rf /d && mkdir -m 711 /d", "rm -rf /out",
  "mv /out /moved", "mv /d/e /d/f", "ln -sfn /out /lnk", "ln /a /out/hard", "chmod 700 /out", "chown 3:4 /a /out", "touch /a /d", "echo more >> /d/a",
  "pwd > /pwd && id > /id", "env | grep -v -e ^OTEL_ -e ^TRACEPARENT | sort > /env", "mkdir -p /w && echo $PWD > /w/pwd", "rm -f /l && mkdir /l", "ls -1a / /out /d > /out.ls 2>&1", "chmod u+s /b.txt",
).map((words) => `${words} || true`);
const run = fc.oneof(
  { weight: 5, arbitrary: command.map((words) => ({ kind: "text" as const, text: `RUN ${words}` })) },
  { weight: 1, arbitrary: command.map((words) => ({ kind: "text" as const, text: `RUN <<EOF\nset -x\n${words}\nEOF` })) },
  { weight: 1, arbitrary: command.map((words) => ({ kind: "text" as const, text: `ONBUILD RUN ${words}` })) },
  { weight: 1, arbitrary: command.map((words) => ({ kind: "text" as const, text: `RUN --mount=type=cache,target=/cache,id=p${"$A"} echo 1 >> /cache/x; ${words}` })) },
  { weight: 1, arbitrary: command.map((words) => ({ kind: "text" as const, text: `RUN --mount=type=tmpfs,target=/t --network=none echo 1 > /t/x; ${words}` })) },
);
const mount = fc.record({
  kind: fc.constant("mount" as const), from: sometimes(fc.nat(3), 2),
  source: fc.constantFrom<readonly [string, string]>(["d", "/out"], ["d/e", "/d"], ["a", "/a"], [".", "/"], ["l", "/l"], ["b.txt", "/b.txt"], ["d/", "/w"]),
  writable: fc.boolean(),
  command: fc.constantFrom("find /m | sort > /found", "find /m -type f -exec cat {} + > /read", "stat -c '%a %u %g %F' /m > /stat", "cp -a /m /copied", "rm -rf /m/a 2>/dev/null; ls /m > /ls").map((words) => `${words} || true`),
});

export const anyStep = (images: Images): fc.Arbitrary<Step> =>
  images === "copy"
    ? fc.oneof({ weight: 8, arbitrary: copy }, { weight: 2, arbitrary: add }, { weight: 1, arbitrary: onbuild }, { weight: 4, arbitrary: settings })
    : fc.oneof({ weight: 5, arbitrary: copy }, { weight: 1, arbitrary: add }, { weight: 1, arbitrary: onbuild }, { weight: 3, arbitrary: settings }, { weight: 6, arbitrary: run }, { weight: 2, arbitrary: mount });

export function anyDockerfile(images: Images): fc.Arbitrary<DockerfileModel> {
  const stage = fc.record({ from: anyFrom(images), steps: fc.array(anyStep(images), { maxLength: images === "copy" ? 5 : 4 }) });
  return fc.record({ images: fc.constant(images), stages: fc.array(stage, { minLength: 1, maxLength: 4 }) });
}

/** Nothing, but for one time in so many. */
function sometimes<Value>(arbitrary: fc.Arbitrary<Value>, oneIn: number): fc.Arbitrary<Value | null> {
  return fc.oneof({ withCrossShrink: true }, { weight: oneIn - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}
