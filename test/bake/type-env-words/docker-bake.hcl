variable "T" {
  type = tuple([string, number, bool])
  default = ["a", 1, true]
}
variable "S" {
  type = set(number)
  default = [1]
}
variable "B" {
  type = list(bool)
  default = [true]
}
target "default" { args = { T = jsonencode(T), S = jsonencode(S), B = jsonencode(B) } }
