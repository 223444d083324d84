. "$(dirname "$0")/../real-context.sh"
