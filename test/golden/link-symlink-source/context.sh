. "$(dirname "$0")/../standard-context.sh"
rm dangling
