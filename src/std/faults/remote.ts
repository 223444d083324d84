import { spec } from "../fault-spec.ts";

/** Faults of builds that are sent to a BuildKit worker. */
export const remoteFaults = {
  BUILDER_INVALID: spec<{ builder: string; problem: string }>({
    when: "--builder or SAMPAN_BUILDER is no address of a BuildKit worker, or something else listens there.",
    exit: 2,
    message: ({ builder, problem }) => `builder ${JSON.stringify(builder)}: ${problem}`,
    hint: () => "write tcp://host:port, unix:///path, ssh://[user@]host[/socket], kube-pod://pod or docker-container://name; `default` builds here",
  }),
  BUILDER_UNREACHABLE: spec<{ builder: string; problem: string; begun?: boolean }>({
    when: "The BuildKit worker of --builder does not answer, or the connection to it broke.",
    exit: 1,
    message: ({ builder, problem, begun }) => (begun ? `the connection to builder ${builder} broke during the build: ${problem}` : `builder ${builder} cannot be reached: ${problem}`),
    hint: ({ begun, problem }) => {
      if (begun) return "the worker has ended, or the network between; steps that it finished are in its cache, so try again";
      if (/\bEACCES\b/.test(problem)) return "the socket is of another user: build as one of its group (`buildkitd --group`), or with sudo";
      return "does buildkitd run there, and does it listen at that address? ssh://, kube-pod:// and *-container:// need `buildctl` at its side";
    },
  }),
  BUILDER_FAILED: spec<{ problem: string }>({
    when: "A BuildKit worker could not build what was sent to it, or not export it.",
    exit: 1,
    message: ({ problem }) => problem,
  }),
} as const;
