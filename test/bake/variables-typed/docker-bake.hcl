variable "L" {
  type = list(string)
  default = ["a"]
}
variable "M" {
  type = map(number)
  default = { x = 1 }
}
variable "O" {
  type = object({ name = string, list = list(string) })
  default = { name = "n", list = ["q"] }
}
variable "S" { type = string }
variable "NUM" {
  type = number
  default = "7"
}
target "default" {
  tags = L
  args = { X = M.x, NAME = O.name, LIST = join(",", O.list), NUM = NUM + 1, S = S == null ? "null" : S }
}
