target "base" { output = ["type=docker"] }
target "mid" { contexts = { b = "target:base" } }
target "default" { contexts = { m = "target:mid" } }
