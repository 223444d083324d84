import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { noAlpine, startAlpine, type Alpine } from "../support/alpine.ts";
import { freePort } from "../support/free-port.ts";
import { processesWith, until } from "../support/process-tree.ts";
import { noSandbox } from "../support/sandbox-root.ts";

const DOCKERFILE = `FROM scratch AS made
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "busybox mkdir /made && busybox echo made >/made/file && busybox chown 1234:5678 /made/file"]
RUN ["/bin/busybox", "sh", "-c", "busybox stat -c %u:%g /made/file >/made/owner; busybox ls /proc | busybox grep -cx '[0-9]*' >/made/processes"]
FROM scratch
COPY --from=made /bin /bin
COPY --from=made /made /made
CMD ["/bin/busybox", "cat", "/made/file", "/made/owner"]
`;

describe("on a machine as node:24-alpine is one", { skip: noAlpine || noSandbox }, () => {
  let machine: Alpine;
  before(async () => {
    machine = await startAlpine();
    mkdirSync(join(machine.work, "app"));
    copyFileSync("/bin/busybox", join(machine.work, "app/busybox"));
    writeFileSync(join(machine.work, "app/Dockerfile"), DOCKERFILE);
    writeFileSync(join(machine.work, "app/one-id"), 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "sh", "-c", "busybox id -u >/user"]\n');
  });

  after(() => machine[Symbol.asyncDispose]());

  const ok = (script: string, options?: { readonly user?: boolean }): string => {
    const { status, stdout, stderr } = machine.run(script, options);
    assert.equal(status, 0, `${script}\n${stdout}\n${stderr}`);
    return stdout;
  };

  test("the program finds what it needs, and says what it does without", () => {
    assert.match(ok("ldd /usr/local/bin/node 2>/dev/null || /lib/ld-musl-x86_64.so.1 --list /usr/local/bin/node; sampan version"), /ld-musl-x86_64[\s\S]*Node: +v24\./);
    const rows = ok("sampan doctor").replace(/\n +/g, " ");
    assert.match(rows, /^ok +koffi +calls to the C library work$/m);
    assert.match(rows, /^ok +util-linux +not there: Node starts containers in its place, each a little later \(apk add util-linux spares that\)$/m);
    assert.match(rows, /This machine can build and run images/);
  });

  test("what is built is pushed to a registry there, pulled, run, copied and saved", async () => {
    const registry = `127.0.0.1:${await freePort()}`;
    const said = ok(`set -e
      sampan registry serve --listen ${registry} --root registry >served 2>&1 & server=$!
      for try in $(seq 300); do grep -q listening served && break; sleep 0.1; done
      sampan build -q -t ${registry}/team/app:1 app
      sampan push -q ${registry}/team/app:1
      sampan rmi -f ${registry}/team/app:1 >/dev/null
      sampan pull -q ${registry}/team/app:1
      echo ran: $(sampan run --rm ${registry}/team/app:1) $(sampan run --rm ${registry}/team/app:1 /bin/busybox cat /made/processes)
      sampan run --rm ${registry}/team/app:1 /bin/busybox sh -c 'exit 7' || echo status: $?
      sampan copy -q ${registry}/team/app:1 ${registry}/team/other:2
      echo tags: $(sampan tags ${registry}/team/other)
      sampan save -o app.tar ${registry}/team/app:1
      sampan rmi -f ${registry}/team/app:1 >/dev/null
      sampan load -i app.tar
      kill $server
      wait $server`);
    // As many processes as a pipe needs, and none of the machine's.
    assert.match(said, /^ran: made 1234:5678 [1-5]$/m);
    assert.match(said, /^status: 7$/m);
    assert.match(said, /^tags: 2$/m);
    assert.match(said, /^Loaded image: /m);
  });

  test("a container in the background is entered, looked into and stopped", () => {
    const said = ok(`set -e
      sampan build -q -t local:1 app
      sampan run -d --name box local:1 /bin/busybox sleep 600
      sampan exec box /bin/busybox sh -c 'echo first: $(busybox cat /proc/1/cmdline | busybox tr "\\0" " ")'
      echo given | sampan exec -i box /bin/busybox cat
      sampan exec -t box /bin/busybox tty
      sampan exec box /bin/busybox sh -c 'exit 9' || echo status: $?
      echo top: $(sampan top box)
      sampan cp box:/made/owner got && cat got
      sampan stop -t 0 box
      sampan rm box`);
    assert.match(said, /^first: \/bin\/busybox sleep 600$/m);
    assert.match(said, /^given$[\s\S]*^\/dev\/pts\/\d+\r?$[\s\S]*^status: 9$[\s\S]*^top: .*PID.*sleep 600$[\s\S]*^1234:5678$/m);
  });

  test("a build that is killed takes its commands along", async () => {
    const mark = "600.4711";
    const { stdout } = machine.run(`mkdir -p slow && cp app/busybox slow/ && printf 'FROM scratch\\nCOPY busybox /bin/busybox\\nRUN ["/bin/busybox", "sleep", "${mark}"]\\n' >slow/Dockerfile
      sampan build -q slow & build=$!
      for try in $(seq 300); do grep -qs "sleep.${mark.replace(".", "[.]")}" /proc/[0-9]*/cmdline && echo it runs && break; sleep 0.1; done
      kill -9 $build`);
    assert.equal(stdout, "it runs\n");
    await until(() => processesWith(`sleep ${mark}`).length === 0);
  });

  test("a process stands by for the next command, and is asked by busybox's shell", () => {
    const said = machine.run(`export SAMPAN_STANDBY=2m SAMPAN_DEBUG=1
      sampan version --short
      for try in $(seq 300); do ls /root/.cache/sampan/standby/*/process >/dev/null 2>&1 && break; sleep 0.1; done
      sampan version --short; kill $(cut -d " " -f 1 /root/.cache/sampan/standby/*/process) 2>/dev/null; :`);
    assert.match(said.stdout, /^sampan version.*\nsampan version.*\n$/);
    assert.doesNotMatch(said.stderr, /started anew/);
  });

  test("an ordinary user builds and runs with busybox's unshare", () => {
    const said = ok(`set -e
      sampan build -q -t one:1 -f /work/app/one-id /work/app
      echo $(sampan run --rm one:1 /bin/busybox cat /user) $(sampan run --rm one:1 /bin/busybox id -u)
      sampan run -d --network host --name mine one:1 /bin/busybox sleep 600
      sampan exec mine /bin/busybox echo entered
      sampan rm -f mine`, { user: true });
    assert.match(said, /^0 0$/m);
    assert.match(said, /^entered$/m);
    const rows = machine.run("sampan doctor", { user: true }).stdout.replace(/\n +/g, " ");
    assert.match(rows, /^ok +user namespaces +an ordinary user may make them$/m);
    assert.match(rows, /^not ok +many user ids +newuidmap not found.*apk add shadow-uidmap$/m);
  });
});
