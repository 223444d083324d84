variable "O" {
  type = strin
  default = "x"
}
target "default" { args = { J = jsonencode(O) } }
