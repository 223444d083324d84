variable "O" {
  type = object({ a = optional(string, "d") })
  default = {}
}
target "default" { args = { J = jsonencode(O) } }
