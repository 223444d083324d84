import { spec } from "../fault-spec.ts";

/** Faults of S3 services. No key is ever in them. */
export const s3Faults = {
  S3_REFUSED: spec<{ place: string; request: string; status: number; code?: string; message?: string }>({
    when: "A request to an S3 service was answered with an error.",
    exit: 1,
    message: ({ place, request, status, code, message }) => `${place}: ${request} was answered with ${status}${code === undefined ? "" : ` ${code}`}${message === undefined ? "" : `: ${message}`}`,
    hint: ({ status }) => (status === 403 || status === 401 ? "check the access key, its rights and the region" : undefined),
  }),
  S3_UNREACHABLE: spec<{ place: string; problem: string }>({
    when: "An S3 service cannot be reached.",
    exit: 1,
    message: ({ place, problem }) => `${place} cannot be reached: ${problem}`,
  }),
  S3_LOGIN_MISSING: spec<{ place: string }>({
    when: "Something is to be kept in S3, and no access key is found.",
    exit: 1,
    message: ({ place }) => `no access key for ${place}`,
    hint: () => "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws configure export-credentials --format env` prints those of a role or of a single sign-on",
  }),
  S3_BUCKET_UNUSABLE: spec<{ place: string; problem: string; hint: string }>({
    when: "The bucket that a registry keeps its blobs in is not there, or the access key may not use it.",
    exit: 1,
    message: ({ place, problem }) => `${place} cannot be used: ${problem}`,
    hint: ({ hint }) => hint,
  }),
} as const;
