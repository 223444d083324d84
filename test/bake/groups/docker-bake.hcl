group "default" { targets = ["web", "all-db"] }
group "all-db" {
  description = "databases"
  targets = ["db", "cache"]
}
target "web" {}
target "db" { context = "db" }
target "cache" { context = "cache" }
target "unused" {}
