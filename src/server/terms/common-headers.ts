/**
 * In every answer. Old clients look for the first one on `/v2/`. They go into `writeHead` with all others, because
 * Node writes headers faster when none was set before.
 */
export const commonHeaders = { "Docker-Distribution-Api-Version": "registry/2.0", "X-Content-Type-Options": "nosniff" } as const;
