import { RETRY_POLICY } from "../../registry/transport/retry.ts";
import { S3Session, type S3Place } from "../../s3/s3-session.ts";
import type { S3Options } from "../cache-options.ts";

/** Requests to the bucket of a cache, as often as its options say. */
export function openSession(options: S3Options, place: S3Place): S3Session {
  return new S3Session(options, options.attempts === undefined ? place : { ...place, retry: { ...RETRY_POLICY, attempts: options.attempts } });
}
