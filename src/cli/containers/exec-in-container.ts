import { constants } from "node:os";
import { joinContainer } from "../../container/join-container.ts";
import { CleanupStack } from "../../std/cleanup-stack.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import type { Call } from "../command.ts";
import { environmentOf, givenEnv, readEnvFiles } from "../run/container-command.ts";
import { givenFolder } from "../run/given-folder.ts";
import { passSignals } from "../run/pass-signals.ts";
import { writeTo } from "../run/write-to.ts";
import type { execFlags } from "./exec-flags.ts";

/** Runs a further command in a container. @returns its exit status @throws COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, EXEC_USER_NOT_FOUND, WORKDIR_NOT_FOUND, CONTAINER_NOT_RUNNING */
export async function execInContainer(store: Store, { flags, positionals, io, signal }: Call<typeof execFlags>): Promise<number> {
  const [text = "", ...args] = positionals;
  const record = store.containers.find(text);
  const { job } = record.spec;
  const env = environmentOf([...(flags.tty ? ["TERM=xterm"] : []), ...job.env, ...readEnvFiles(flags["env-file"], io), ...givenEnv(flags.env, io.env)]);
  using passing = new CleanupStack();
  const { exitCode, failure, message } = await joinContainer(record, {
    args, env,
    cwd: givenFolder(flags.workdir) ?? job.cwd,
    user: flags.user ?? job.user,
    terminal: flags.tty && !flags.detach,
    stdin: flags.interactive && !flags.detach ? "inherit" : "null",
  }, {
    detach: flags.detach,
    onOutput: (stream, data) => writeTo(stream === "stdout" ? io.stdout : io.stderr, data),
    onStart: ({ kill }) => {
      passing.use(passSignals(kill));
      const end = (): void => kill(constants.signals.SIGTERM);
      // docker leaves the command alone then; nobody would hear of it any more.
      signal.addEventListener("abort", end, { once: true });
      passing.defer(() => signal.removeEventListener("abort", end));
    },
  }).catch((error: unknown) => {
    // As with docker it is the command that cannot be executed then.
    throw isFault(error, "USER_NOT_FOUND") ? fault("EXEC_USER_NOT_FOUND", error.details as { user: string; problem: string }) : error;
  });
  if (failure === undefined) return exitCode;
  if (failure === "noFolder") throw fault("WORKDIR_NOT_FOUND", { problem: message ?? "" });
  throw fault(failure === "notFound" ? "COMMAND_NOT_FOUND" : "COMMAND_NOT_EXECUTABLE", { command: args[0]!, problem: message ?? "" });
}
