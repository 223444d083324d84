variable "O" {
  type = object({ a = string })
  default = { b = "1" }
}
target "default" { args = { J = jsonencode(O) } }
