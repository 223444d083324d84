import * as v from "valibot";

/** Has the server in front send the bytes of blobs. */
export const internalRedirectSection = v.pipe(
  v.strictObject({
    header: v.pipe(v.picklist(["X-Accel-Redirect", "X-Sendfile"], "it is neither X-Accel-Redirect nor X-Sendfile"), v.description("What the server in front understands: `X-Accel-Redirect` (nginx) or `X-Sendfile` (Apache with mod_xsendfile, lighttpd)")),
    path: v.pipe(v.string("it is no text"), v.regex(/^\/(?:[\w.~-]+\/)+$/, "it is no path that begins and ends with a slash: write /registry-blobs/"), v.description("What stands there for the folder `blobs` of this registry: nginx's internal location, or for X-Sendfile the folder itself")),
  }),
  v.description("Answers requests for blobs without their bytes, and has the server in front send the file; only where one of `trustedProxies` asks"),
);
