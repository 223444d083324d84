function "inc" {
  params = [number]
  result = number + 1
}
function "tag" {
  params = [name]
  variadic_params = more
  result = length(more) == 0 ? ["${name}:latest"] : [for m in more : "${name}:${m}"]
}
target "default" {
  tags = concat(tag("a"), tag("b", "1", "2"), tag("c", ["x", "y"]...))
  args = {
    inc = inc(inc(1)), lower = lower("AbC"), upper = upper("abc"), join = join("-", ["a", "b"]), split = join("|", split(",", "x,y")),
    replace = replace("a.b.c", ".", "_"), regex = regex_replace("a1b22", "[0-9]+", "#"), regex2 = regex_replace("ab", "(a)(b)", "$2$1"),
    trim = trim("--a--", "-"), trimprefix = trimprefix("v1.2", "v"), trimsuffix = trimsuffix("a.git", ".git"), trimspace = trimspace(" x "),
    substr = substr("hello", 1, 3), strlen = strlen("h\u00e9"), title = title("hello world"), chomp = chomp("a\n"), indent = indent(2, "a\nb"),
    format = format("%s-%03d-%q-%5.1f|%v|%x", "a", 7, "q", 1.25, true, 255), add = add(1, 2), max = max(1, 5, 3), min = min(4, 2), abs = absolute(-3),
    ceil = ceil(1.2), floor = floor(1.8), mod = modulo(7, 3), div = divide(7, 2), pow = pow(2, 8), int = int(3.9), parseint = parseint("ff", 16),
    and = and(true, false), or = or(true, false), not = not(true), eq = equal("a", "a"), gt = greaterthan(2, 1),
    sha256 = sha256("x"), md5 = md5("x"), sha1 = sha1("x"), b64 = base64encode("hi"), b64d = base64decode("aGk="), url = urlencode("a b/c"),
    json = jsonencode({ b = [1, "<"], a = null }), jsond = jsondecode("{\"k\": [1, 2]}").k[1],
    coalesce = coalesce(null, "x"), contains = contains(["a"], "a"), length = length(["a", "b"]), keys = join(",", keys({ b = 1, a = 2 })),
    values = join(",", values({ b = "1", a = "2" })), lookup = lookup({ a = "1" }, "b", "d"), element = element(["a", "b"], 3), index = index(["a", "b"], 1),
    distinct = join(",", distinct(["a", "b", "a"])), flatten = join(",", flatten([["a"], ["b", ["c"]]])), compact = join(",", compact(["a", "", "b"])),
    sort = join(",", sort(["b", "a"])), reverse = reverse("abc"), reverselist = join(",", reverselist(["a", "b"])), slice = join(",", slice(["a", "b", "c"], 1, 3)),
    merge = jsonencode(merge({ a = 1 }, { b = 2 })), zipmap = jsonencode(zipmap(["a"], ["b"])), range = join(",", range(3)), range2 = join(",", range(1, 7, 2)),
    chunk = jsonencode(chunklist(["a", "b", "c"], 2)), product = jsonencode(setproduct(["a", "b"], ["1", "2"])),
    date = formatdate("YYYY-MM-DD'T'hh:mm:ssZ", "2024-03-05T06:07:08Z"), date2 = formatdate("EEE, DD MMM YY HH:mm AA", "2024-03-05T16:07:08+02:00"),
    timeadd = timeadd("2024-03-05T06:07:08Z", "1h30m"), semver = semvercmp("1.2.3", ">= 1.0, < 2"), sanitize = sanitize("a.b/c"),
    basename = basename("/a/b.txt"), dirname = dirname("/a/b.txt"), try = try(NOPE, "fallback"), can = can(NOPE), indexof = indexof(["a", "b"], "b"),
    signum = signum(-4), hasindex = hasindex(["a"], 0), setunion = join(",", setunion(["a"], ["b"]))
  }
}
