target "default" {
  args = {
    csv = jsonencode(csvdecode("a,b\n1,\"x,\"\"y\"\"\"\n\n2,z\n")), csv_empty = jsonencode(csvdecode("a,b\n")), csv_crlf = jsonencode(csvdecode("a,b\r\n1,\r\n")),
    formatlist = join(",", formatlist("%s-%s", ["a", "b"], "x")), formatlist1 = jsonencode(formatlist("%s", "x")), formatlist2 = jsonencode(formatlist("%s%d", ["a", "b"], [1, 2])),
    uuid_dns = uuidv5("dns", "example.com"), uuid_url = uuidv5("url", "https://example.com/"), uuid_own = uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "x"),
    host4 = cidrhost("10.12.127.0/20", 16), host4_last = cidrhost("10.12.127.0/20", -1), host6 = cidrhost("fd00:fd12:3456:7890:00a2::/72", 34),
    mask = cidrnetmask("172.16.0.0/12"), mask0 = cidrnetmask("0.0.0.0/0"), subnet4 = cidrsubnet("172.16.0.0/12", 4, 2), subnet6 = cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162),
    subnets = join(" ", cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)), subnets6 = join(" ", cidrsubnets("fd00:fd12:3456:7890::/56", 16, 16, 16, 32)),
    convert_string = convert(3, string), convert_number = 1 + convert("2", number), convert_bool = convert("true", bool) ? "yes" : "no",
    convert_list = jsonencode(convert([1, 2], list(string))), convert_map = jsonencode(convert({ a = 1 }, map(string))), convert_set = jsonencode(convert(["b", "a"], set(string)))
  }
}
