#include "views/live_model.h"

namespace daybook::views {

Result<ShardPicture> LiveModel::open(std::int32_t partition) const {
  ShardPicture picture;
  picture.partition = partition;
  picture.reads = projector_.store(partition).snapshot();
  picture.labels = &projector_.labels(partition);
  // The state in the same picture, so that positions and figures belong together.
  ASSIGN_OR_RETURN(picture.state, engine::read_state(*picture.reads));
  return picture;
}

}  // namespace daybook::views
