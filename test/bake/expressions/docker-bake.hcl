variable "list" { default = ["a", "b"] }
variable "objs" { default = [{ n = "x", v = 1 }, { n = "y", v = 2 }] }
target "default" {
  args = {
    arith = 1 + 2 * 3 - 4 / 2 % 3, paren = (1 + 2) * 3, neg = -list_len, cmp = 1 < 2 && !(3 <= 2) || false
    cond = true ? "a" : "b", mixed = true ? 1 : "b", eq = "1" == 1, ne = [1] != [2]
    splat = join(",", objs[*].n), attrsplat = join(",", objs.*.n), index = list[1], legacy = list.0, obj = objs[0].n
    forlist = join(",", [for i, v in list : "${i}${v}"]), forcond = join(",", [for o in objs : o.n if o.v > 1])
    forobj = jsonencode({ for o in objs : o.n => o.v }), group = jsonencode({ for i, v in ["x", "y", "x"] : v => i... })
    tmpl = "a${1 + 1}b$${c}%%{d}", dir = "%{ if true }yes%{ else }no%{ endif }", loop = "%{ for v in list }[${v}]%{ endfor }"
    esc = "tab\tquote\"backslash\\nl\nuni\u00e9", null = null, heredoc = <<EOT
line ${list[0]}
  indented
EOT
    flush = <<-EOT
      one
        two
    EOT
  }
}
list_len = length(list)
